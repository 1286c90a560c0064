"""Modbus over TCP, as much of it as a pulse counter needs: reading registers.

Source: Modbus Application Protocol Specification V1.1b3, 6.3 and 6.4; Modbus Messaging on TCP/IP Implementation Guide
V1.0b, 3.1.3.
"""
